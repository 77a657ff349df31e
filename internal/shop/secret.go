package shop

// secretColumns are never read, whatever table they stand in.
var secretColumns = map[string]bool{
	"password": true, "salt": true, "token": true, "ip": true, "forwarded_ip": true, "user_agent": true, "accept_language": true,
}

// secretTables hold nothing but secrets and traces of visitors.
var secretTables = map[string]bool{
	"api": true, "api_history": true, "api_ip": true, "api_session": true, "cart": true, "customer_activity": true, "customer_authorize": true,
	"customer_ip": true, "customer_login": true, "customer_online": true, "customer_payment": true, "customer_search": true,
	"customer_token": true, "session": true, "user": true, "user_authorize": true, "user_login": true, "user_token": true,
}

// Secret reports whether a column, of a table without its prefix, never leaves the
// shop and is not even read: passwords, tokens, sessions, card data, addresses of
// visitors. Select refuses it, so that no change elsewhere can let one out.
func Secret(table, column string) bool {
	return secretTables[table] || secretColumns[column] || table == "customer" && column == "code" // of a forgotten password
}
