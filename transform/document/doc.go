// Package document holds the canonical documents: what an order, a customer, a
// product, a stock level and a category are to everything outside the shop, and
// the event that carries one. The field list and its rules are the contract's;
// the types here are the only place where they are written down in code.
//
// Conventions of the types:
//   - Money, quantities with decimals, weights and rates are decimal text as
//     stored ("101.0000"), never floats. Times are RFC 3339 UTC text, dates
//     YYYY-MM-DD.
//   - A pointer without omitzero is null when there is nothing; with omitzero
//     the field is left out when this OpenCart version does not have it. Maybe
//     is both: left out, null or a value.
//   - Fields tagged octail:"decoration" are names looked up in reference
//     tables: part of the document, not of its content (hash, changed).
//   - Fields tagged octail:"decimal" are decimal text: numbers to whoever computes
//     with them. "" is none.
//   - Slices and maps are never nil in a document made by transform.
package document
