package check

import "fmt"

// Account is a user of the database server as octail needs one.
type Account struct {
	User, Host string
	// Auth is what stands behind IDENTIFIED: BY '...', or VIA unix_socket.
	Auth     string
	Database string // of the shop
}

// SQL makes the account, or puts an existing one right. Only the administrator may.
func (a Account) SQL() []string {
	return accountSQL(quote(a.User)+"@"+quote(a.Host), a.Auth, a.Database)
}

func accountSQL(account, auth, database string) []string {
	return []string{
		fmt.Sprintf("CREATE USER IF NOT EXISTS %s IDENTIFIED %s;", account, auth),
		fmt.Sprintf("ALTER USER %s IDENTIFIED %s;", account, auth),
		fmt.Sprintf("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO %s;", account),
		fmt.Sprintf("GRANT SELECT ON %s.* TO %s;", name(database), account),
	}
}
