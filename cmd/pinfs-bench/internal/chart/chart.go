// Package chart draws figures side by side, as SVG.
package chart

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
)

// Chart has a row for each thing that was measured, and in it a mark for each who was.
type Chart struct {
	Title string
	Axis  string // what the marks' places mean
	Log   bool   // multiples: 2 is as far from 1 as 1/2; zeros are left out
	Rows  []string
	Marks []Marks
}

// Marks are those of one peer, one for each row.
type Marks struct {
	Name   string
	Values []figure.Summary
}

const (
	width     = 20 * vg.Centimeter
	rowHeight = 0.62 * vg.Centimeter
	around    = 3.2 * vg.Centimeter // title, axis and legend
	margin    = 0.3 * vg.Centimeter
	markSize  = 3
	apart     = 0.11 // of the marks of a row, in rows
)

// palette tells colours apart also for those who see red and green alike (Okabe and Ito, 2008).
var palette = []color.RGBA{
	{0x56, 0xb4, 0xe9, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x00, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
}

// SVG draws c.
func (c Chart) SVG(out io.Writer) error {
	p := plot.New()
	if err := c.build(p); err != nil {
		return err
	}
	canvas := vgsvg.New(width, around+vg.Length(len(c.Rows))*rowHeight)
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	_, err := canvas.WriteTo(out)
	return err
}

func (c Chart) build(p *plot.Plot) error {
	p.Title.Text, p.X.Label.Text = c.Title, c.Axis
	p.Legend.Top, p.Y.Tick.Label.Font.Size = true, vg.Points(9)
	p.Add(plotter.NewGrid())
	for i, m := range c.Marks {
		if err := c.add(p, i, m); err != nil {
			return err
		}
	}
	c.axes(p)
	return nil
}

// axes has the first row on top, and room for the legend above it.
func (c Chart) axes(p *plot.Plot) {
	var ticks plot.ConstantTicks
	for i, row := range c.Rows {
		ticks = append(ticks, plot.Tick{Value: c.row(i), Label: row})
	}
	p.Y.Tick.Marker, p.Y.Min, p.Y.Max = ticks, -0.6, float64(len(c.Rows))+float64(len(c.Marks))*0.6
	if !c.Log {
		p.X.Min = 0
		return
	}
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, multiples{}
	p.X.Min, p.X.Max = min(p.X.Min, 0.5), max(p.X.Max, 2)
}

func (c Chart) row(i int) float64 { return float64(len(c.Rows) - 1 - i) }

// add draws the marks of one peer, each with its spread.
func (c Chart) add(p *plot.Plot, index int, m Marks) error {
	at := spread{}
	for i, v := range m.Values {
		if v.N == 0 || math.IsNaN(v.Median) || c.Log && v.Low <= 0 {
			continue
		}
		y := c.row(i) + apart*(float64(len(c.Marks)-1)/2-float64(index))
		at.XYs = append(at.XYs, plotter.XY{X: v.Median, Y: y})
		at.XErrors = append(at.XErrors, struct{ Low, High float64 }{v.Low - v.Median, v.High - v.Median})
	}
	if len(at.XYs) == 0 {
		return nil
	}
	marks, err := plotter.NewScatter(at.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewXErrorBars(at)
	if err != nil {
		return err
	}
	paint := palette[index%len(palette)]
	marks.GlyphStyle = draw.GlyphStyle{Color: paint, Radius: vg.Points(markSize), Shape: draw.CircleGlyph{}}
	bars.Color, bars.CapWidth = paint, 0
	p.Add(bars, marks)
	p.Legend.Add(m.Name, marks)
	return nil
}

// spread is places with how far the values around them go.
type spread struct {
	plotter.XYs
	plotter.XErrors
}
