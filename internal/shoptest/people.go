package shoptest

import (
	"fmt"
	"strings"
)

// Address is a postal address.
type Address struct {
	FirstName, LastName, Company string
	Address1, Address2           string
	City, Postcode               string
	CountryID, ZoneID            int64
	CustomField                  string // JSON as stored, "" for none; not in V1
	TaxID                        string // V1

	country, zone string // names, as an order keeps them
}

// Person is a visitor as he fills in a form.
type Person struct {
	FirstName, LastName string
	Email, Telephone    string
	GroupID             int64 // customer group, 0 for the default one
	LanguageID          int64 // 0 for the default one
	Newsletter          bool
	CustomField         string // JSON as stored, "" for none
}

var (
	firstNames = []string{"Mira", "Jonas", "Zoë", "Anton", "Frieda", "Élodie", "Oskar", "Nur", "Łucja", "Piet", "Saoirse", "Tomáš"}
	lastNames  = []string{"Lindqvist", "Müller", "O'Neil", "Bergström", "Dubois", "Hofer", "Park", "Nowak", "Weiß", "van Dijk", "Castellanos", "Grün"}
	companies  = []string{"", "", "", "", "Fern & Sons", `Büro "Nord"`, "Lumen <Lab>"}
	streets    = []string{"Sample Street", "Example Road", "Musterweg", "Rue de l'Exemple", "Testallee"}
	comments   = []string{"", "", "", "please leave at the door", "ring twice & wait", "Danke!\r\nBitte \"vorsichtig\" liefern"}
	places     = []Address{
		{City: "Berlin", Postcode: "10115", CountryID: 81, ZoneID: 1256},
		{City: "München", Postcode: "80331", CountryID: 81, ZoneID: 1255},
		{City: "Hamburg", Postcode: "20095", CountryID: 81, ZoneID: 1259},
		{City: "Wien", Postcode: "1010", CountryID: 14, ZoneID: 201},
		{City: "Paris", Postcode: "75001", CountryID: 74, ZoneID: 1131},
		{City: "Lancaster", Postcode: "LA1 1AA", CountryID: 222, ZoneID: 3563},
		{City: "New York", Postcode: "10001", CountryID: 223, ZoneID: 3655},
	}
)

// RandomPerson invents a person with an address of example.com.
func (s *Shop) RandomPerson() Person {
	p := Person{FirstName: pick(s, firstNames), LastName: pick(s, lastNames)}
	p.Email = fmt.Sprintf("%s.%d@example.com", strings.ToLower(asciiLetters(p.FirstName)), s.number(1_000_000))
	p.Telephone = fmt.Sprintf("+49 000 %07d", s.number(10_000_000))
	p.Newsletter = s.number(3) == 0
	return p
}

// RandomAddress invents an address for a person.
func (s *Shop) RandomAddress(p Person) Address {
	a := pick(s, places)
	a.FirstName, a.LastName = p.FirstName, p.LastName
	a.Company = pick(s, companies)
	a.Address1 = fmt.Sprintf("%s %d", pick(s, streets), 1+s.number(99))
	if s.number(4) == 0 {
		a.CustomField = `{"2":"1"}`
	}
	return a
}

func asciiLetters(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 {
			return c
		}
		return -1
	}, s)
}

// columns are the fields of the address as its own table has them.
func (a Address) columns(gen Generation) set {
	columns := set{
		"firstname", escape(a.FirstName), "lastname", escape(a.LastName), "company", escape(a.Company),
		"address_1", escape(a.Address1), "address_2", escape(a.Address2), "postcode", escape(a.Postcode), "city", escape(a.City),
		"zone_id", a.ZoneID, "country_id", a.CountryID,
	}
	if gen == V1 {
		return append(columns, "company_id", "", "tax_id", escape(a.TaxID))
	}
	return append(columns, "custom_field", a.CustomField)
}
