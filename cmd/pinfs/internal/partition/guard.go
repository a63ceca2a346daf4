package partition

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
)

// maxEntries bounds the entries of a GPT, in bytes; 128 of 128 bytes are usual. The parser allocates
// whatever the header says, before it looks at a checksum.
const maxEntries = 1 << 20

// guard refuses a disk image whose GPT header, or its backup in the last sector, claims too much.
func guard(ctx context.Context, disk fetch.Source) error {
	for _, off := range []int64{sectorSize, (disk.Size()/sectorSize - 1) * sectorSize} {
		if off < sectorSize || off > disk.Size()-sectorSize {
			continue
		}
		header := make([]byte, sectorSize)
		if err := disk.ReadAt(ctx, header, off); err != nil {
			return err
		}
		count, size := binary.LittleEndian.Uint32(header[80:]), binary.LittleEndian.Uint32(header[84:])
		if string(header[:8]) == "EFI PART" && uint64(count)*uint64(size) > maxEntries {
			return fmt.Errorf("%w: a partition table of %d entries of %d bytes", fetch.ErrMalformed, count, size)
		}
	}
	return nil
}
