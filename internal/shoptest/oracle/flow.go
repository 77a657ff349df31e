package oracle

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Flow is one flow of a recording, such as "F07b". Its writes lie in the binlog file between the two offsets; there
// may be others between two flows.
type Flow struct {
	Name, Title string
	File        string
	Start, Stop uint64
	Steps       []Step
}

// Step is one request of a flow.
type Step struct {
	Name     string
	From, To uint64
}

var (
	flowHeading = regexp.MustCompile(`^## (F\w+) (.*)$`)
	flowRange   = regexp.MustCompile(`^- range: ([^:]+):(\d+) \.\. ([^:]+):(\d+);`)
	flowStep    = regexp.MustCompile(`^\| (.*) \| (\d+) \| (\d+) \| \d+ \|$`)
)

// Flows reads the flows.md of a recording.
func Flows(path string) ([]Flow, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("flows: %w", err)
	}
	var flows []Flow
	for n, line := range strings.Split(string(text), "\n") {
		fail := func(problem string) ([]Flow, error) {
			return nil, fmt.Errorf("flows: %s:%d: %s: %s", path, n+1, problem, line)
		}
		if m := flowHeading.FindStringSubmatch(line); m != nil {
			flows = append(flows, Flow{Name: m[1], Title: m[2]})
			continue
		}
		if len(flows) == 0 {
			continue
		}
		flow := &flows[len(flows)-1]
		if m := flowRange.FindStringSubmatch(line); m != nil {
			if m[1] != m[3] {
				return fail("range over two files")
			}
			flow.File = m[1]
			if flow.Start, flow.Stop, err = offsets(m[2], m[4]); err != nil {
				return fail(err.Error())
			}
		} else if m := flowStep.FindStringSubmatch(line); m != nil {
			step := Step{Name: m[1]}
			if step.From, step.To, err = offsets(m[2], m[3]); err != nil {
				return fail(err.Error())
			}
			flow.Steps = append(flow.Steps, step)
		}
	}
	for _, flow := range flows {
		if flow.File == "" {
			return nil, fmt.Errorf("flows: %s: %s has no range", path, flow.Name)
		}
	}
	return flows, nil
}

func offsets(from, to string) (start, stop uint64, err error) {
	if start, err = strconv.ParseUint(from, 10, 64); err == nil {
		stop, err = strconv.ParseUint(to, 10, 64)
	}
	return start, stop, err
}
