// Package oracle makes the documents of octail's contract (section 2) from raw table rows, a second time and
// independently: it shares no code with the agent, so that a document of the agent can be compared with one that
// somebody else made from the same rows.
//
// # Usage
//
// An [Oracle] is opened over a database that holds an OpenCart shop. [Oracle.Rows] reads the raw rows of an entity,
// [LoadExpected] reads them from the expected files of a recording, and [Oracle.Document] makes the document.
// [Compare] says where a document of the agent differs, [Changed] which top-level fields are new content.
//
// # Memory
//
// Line numbers and as-sold values of an order depend on the revision before, so an Oracle remembers what it made:
// give it the states of an order in the order in which the agent journaled them, and no state in between. The
// reference data (statuses, countries, languages, ...) is read once; call [Oracle.Refresh] after the shop changed.
//
// An Oracle is for tests and is not safe for concurrent use.
package oracle
