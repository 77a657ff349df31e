package sinktest

import (
	"context"
	"sync"

	"octail/sinks"
	"octail/transform/document"
)

// Links are a sink's links without a journal, for tests. They keep what a journal keeps:
// what a person has tied, the sink neither changes nor loses. The zero value has none.
type Links struct {
	mu   sync.Mutex
	list map[document.Key]sinks.Link
}

// Link implements sinks.Links.
func (l *Links) Link(_ context.Context, key document.Key) (sinks.Link, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	link, ok := l.list[key]
	return link, ok, nil
}

// Found implements sinks.Links.
func (l *Links) Found(_ context.Context, key document.Key, target string) error {
	l.Set(key, sinks.Link{Target: target})
	return nil
}

// Lost implements sinks.Links.
func (l *Links) Lost(_ context.Context, key document.Key) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.list[key].Person {
		delete(l.list, key)
	}
	return nil
}

// LinkedTo returns the entities that are linked with a record of the target.
func (l *Links) LinkedTo(_ context.Context, target string) (keys []document.Key, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, link := range l.list {
		if link.Target == target {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Set links an entity, as a person does or a sink. What a person has tied, only a person
// ties to another.
func (l *Links) Set(key document.Key, link sinks.Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list == nil {
		l.list = map[document.Key]sinks.Link{}
	}
	if link.Person || !l.list[key].Person {
		l.list[key] = link
	}
}

// Clear forgets all of them, as a journal that is lost.
func (l *Links) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}
