package config

// What the contract of octail names and this version does not do yet. Silence would let an operator believe that it works.
var (
	laterKeys = map[string]bool{
		"notify": true,
	}
	laterTypes = map[string]bool{
		"orderry": true, "espocrm": true, "cartrover": true, "extensiv": true, "tryton": true,
		"nats": true, "kafka": true,
	}
)
