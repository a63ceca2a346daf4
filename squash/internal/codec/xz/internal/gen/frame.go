package main

// The registers that keep their meaning. The others, AX and CX among them, change theirs.
const (
	rng   = "R8"
	code  = "R9"
	state = "R10" // of what the last symbols were, times 32
	src   = "SI"  // the next byte
	dst   = "DI"  // the next byte
	self  = "BX"  // *coder
	tree  = "R15" // probabilities; at symbol those of a literal
)

// The places on the stack.
const (
	end     = "end-8(SP)"     // no symbol starts behind that byte of the source
	window  = "window-16(SP)" // the start of the dictionary
	stop    = "stop-24(SP)"   // no symbol starts at that byte of the window or behind
	limit   = "limit-32(SP)"  // the end of the window
	coming  = "coming-40(SP)" // the probabilities of the next literal
	stateAt = "state-48(SP)"  // where registers are while a matched literal needs them
	dstAt   = "dst-56(SP)"
	length  = "length-60(SP)" // of a match; before it is known, what it is more than its bits
	count   = "count-64(SP)"  // bits to come
	known   = "known-68(SP)"  // 1 if the distance of a match is one of the last
	place   = "place-72(SP)"  // the position modulo 1<<pb
	nodes   = 88              // the offset of eight indices of 16 bits
)

// field is the address of a part of the model.
func field(name string) string { return "(coder_probs+probs_model+model_" + name + ")(" + self + ")" }

// indexed is the same with the bytes in register index added.
func indexed(name, index string) string { return field(name) + "(" + index + "*1)" }

const enter = `// func symbolsAsm(c *coder, window *byte, n, stop, size int, src *byte, off, end int) (n2, off2 int, ok bool)
TEXT ·symbolsAsm(SB), NOSPLIT, $88-81
	MOVQ c+0(FP), BX
	MOVQ window+8(FP), AX
	MOVQ AX, window-16(SP)
	MOVQ n+16(FP), DI
	ADDQ AX, DI
	MOVQ stop+24(FP), CX
	ADDQ AX, CX
	MOVQ CX, stop-24(SP)
	ADDQ size+32(FP), AX
	MOVQ AX, limit-32(SP)
	MOVQ src+40(FP), AX
	MOVQ off+48(FP), SI
	ADDQ AX, SI
	ADDQ end+56(FP), AX
	MOVQ AX, end-8(SP)
	MOVL coder_rng(BX), R8
	MOVL coder_code(BX), R9
	MOVL coder_state(BX), R10
	SHLL $5, R10
	XORL CX, CX
	CMPQ DI, window-16(SP)
	JEQ  context
	MOVBLZX -1(DI), CX
	JMP  context`

// enter takes the arguments.
func (g *generator) enter() { g.line(enter) }

const leave = `
bad:
	MOVB $0, ok+80(FP)
	JMP  save

done:
	MOVB $1, ok+80(FP)

save:
	MOVL R8, coder_rng(BX)
	MOVL R9, coder_code(BX)
	SHRL $5, R10
	MOVL R10, coder_state(BX)
	SUBQ window-16(SP), DI
	MOVQ DI, n2+64(FP)
	SUBQ src+40(FP), SI
	MOVQ SI, off2+72(FP)
	RET`

// leave gives the results.
func (g *generator) leave() { g.line(leave) }
