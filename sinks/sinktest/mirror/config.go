package mirror

import (
	"slices"

	"octail/internal/config"
	"octail/transform/document"
)

// Config are the settings of a mirror.
type Config struct {
	URL      config.URL          `yaml:"url"`
	Token    config.Secret       `yaml:"token"`    // sent as a bearer's, when there is one
	Batch    int                 `yaml:"batch"`    // records in one request
	Parallel int                 `yaml:"parallel"` // requests at once
	Takes    []string            `yaml:"takes"`    // kinds it can take; none: all
	Parents  map[string][]string `yaml:"parents"`
	Fields   map[string][]string `yaml:"fields"` // that it reads, by kind; none: all
	Mappings Mappings            `yaml:"mappings"`
}

// Mappings say how the target calls what the shop has.
type Mappings struct {
	Payment map[string]string `yaml:"payment"` // by method, then by code; none at all: the shop's own
}

func defaults() Config {
	return Config{Batch: 1, Parallel: 4, Parents: map[string][]string{document.OrderEntity: {document.CustomerEntity, document.ProductEntity}}}
}

// Validate reports what decoding cannot see.
func (c *Config) Validate(s *config.Section) {
	s.CheckURL("url", c.URL)
	if c.Batch < 1 || c.Batch > 1000 {
		s.Problem("batch", "must be between 1 and 1000")
	}
	if c.Parallel < 1 || c.Parallel > 100 {
		s.Problem("parallel", "must be between 1 and 100")
	}
	for _, kind := range c.Takes {
		if !slices.Contains(document.Entities, kind) {
			s.Problem("takes", "names a kind that there is not; write some of: order, customer, product, stock, category")
		}
	}
}
