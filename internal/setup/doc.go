// Package setup is `octail init`: it reads where a shop has its database, looks at
// that server, and makes octail's configuration file and the instructions for what
// is still missing.
//
// # Promises
//
// The shop's files are read, never run, and never changed. The shop's own login is
// used for one look at the server; it is in no file and no message. Nothing that was
// there before is overwritten unless it is asked for, and a password that was made
// once is kept. What is printed can be pasted as it stands, whatever the shop's
// names hold.
package setup
