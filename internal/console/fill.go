package console

import (
	"fmt"
	"strings"
	"time"
)

// Fill is how far a reading in the background is: the first snapshot, or a comparison
// after a hole.
type Fill struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	// Entities are read kind by kind or side by side.
	Entities []FillEntity `json:"entities"`
	Done     int64        `json:"done"`
	Total    int64        `json:"total"`
	// Listing: the keys of some kinds are still being listed, so that Total will grow.
	Listing bool    `json:"listing,omitempty"`
	Rate    float64 `json:"rate"` // entities a second, lately
}

// FillEntity is one kind of a Fill.
type FillEntity struct {
	Entity string `json:"entity"`
	Done   int64  `json:"done"`
	Total  int64  `json:"total"`
}

// Left is how long it will take; 0: not known.
func (f Fill) Left() time.Duration {
	if f.Rate <= 0 || f.Listing {
		return 0
	}
	return time.Duration(float64(f.Total-f.Done) / f.Rate * float64(time.Second)).Round(time.Second)
}

// barWidth is the length of the bar in Bar.
const barWidth = 24

// Bar is the progress as one line for a terminal.
func (f Fill) Bar() string {
	full := 0
	if f.Total > 0 {
		full = int(barWidth * f.Done / f.Total)
	}
	return fmt.Sprintf("%s [%s%s] %s", f.Reason, strings.Repeat("#", full), strings.Repeat("-", barWidth-full), f)
}

func (f Fill) String() string {
	if f.Total == 0 {
		return "listing keys"
	}
	text := fmt.Sprintf("%d of %d", f.Done, f.Total)
	if f.Rate > 0 {
		text += fmt.Sprintf(", %.0f/s", f.Rate)
	}
	if f.Listing {
		return text + ", more are being listed"
	}
	if left := f.Left(); left > 0 {
		text += fmt.Sprintf(", %s left", left)
	}
	return text
}
