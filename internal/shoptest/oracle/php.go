package oracle

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// head is how each value of PHP's serialize() begins.
var head = regexp.MustCompile(`^(?:([idb]):(-?[0-9.E+-]+);|(N);|([sa]):([0-9]+):)`)

// parsePHP decodes one value that PHP serialized, which is how 2.0 kept custom fields: arrays become maps by the text
// of their keys, everything else texts.
func parsePHP(text string) (any, error) {
	v, rest, err := phpValue(text)
	if err == nil && rest != "" {
		err = errors.New("php: more than one value")
	}
	return v, err
}

func phpValue(text string) (v any, rest string, err error) {
	m := head.FindStringSubmatch(text)
	if m == nil {
		return nil, "", fmt.Errorf("php: no value in %.20q", text)
	}
	rest = text[len(m[0]):]
	switch {
	case m[1] != "":
		return m[2], rest, nil
	case m[3] != "":
		return "", rest, nil
	}
	length, err := strconv.Atoi(m[5])
	if err != nil {
		return nil, "", fmt.Errorf("php: %w", err)
	}
	if m[4] == "s" {
		if length+3 > len(rest) || rest[0] != '"' || rest[length+1:length+3] != `";` {
			return nil, "", errors.New("php: a text of another length")
		}
		return rest[1 : length+1], rest[length+3:], nil
	}
	array := map[string]any{}
	if !strings.HasPrefix(rest, "{") {
		return nil, "", errors.New("php: an array without a bracket")
	}
	rest = rest[1:]
	for range length {
		var key any
		if key, rest, err = phpValue(rest); err != nil {
			return nil, "", err
		}
		if array[fmt.Sprint(key)], rest, err = phpValue(rest); err != nil {
			return nil, "", err
		}
	}
	if !strings.HasPrefix(rest, "}") {
		return nil, "", errors.New("php: an array that does not end")
	}
	return array, rest[1:], nil
}
