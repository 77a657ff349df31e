// Package canal reads a MySQL or MariaDB binlog and says which keys of which
// watched tables were touched, and up to which position.
//
// # Usage
//
// Inspect asks a server who it is, Here asks for its present position, New
// compiles a watch list and Canal.Run streams from a position for ever,
// reconnecting by itself:
//
//	server, err := canal.Inspect(ctx, db)
//	c, err := canal.New(canal.Config{Server: server, Tables: tables, ...})
//	err = c.Run(ctx, from, handler)
//
// # Promises
//
// The handler is called from one goroutine, in log order, once per transaction
// that touched something watched. A transaction is handed over whole, after its
// commit was read; after a lost connection the stream goes on behind the last
// transaction handed over, never inside one. After a restart of the process the
// caller starts from the position it stored: transactions may then be handed
// over again, none is left out.
//
// What row events cannot tell (TRUNCATE, statement format, a row image without
// the key, a table layout that cannot be matched with certainty) is reported as
// a Resync of the targets concerned. Nothing is guessed and nothing is skipped
// silently.
//
// The package knows nothing of OpenCart. It is the only importer of go-mysql.
package canal
