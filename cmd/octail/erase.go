package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"octail/internal/erase"
	"octail/internal/logging"
	"octail/transform/document"
)

func (p *program) erase() *cobra.Command {
	var asJSON, yes bool
	var req erase.Request
	cmd := &cobra.Command{
		Use: "erase customer ID", Short: "Takes a person out of the journal and tells the sinks",
		Long: `Takes a customer, the orders and all former values out of the journal, keeps the
person out of it from then on, and delivers customer and orders without names,
addresses, comments and whatever else says who it was. Ids, dates, amounts, lines,
status, country and zone stay: an order book must still add up.

  octail erase customer 17
  octail erase customer --email x@example.com     a guest

The journal keeps salted hashes of the id and the addresses alone. The shop is not
changed, and cannot be asked for the person again: there is no way back. What sinks
were given before, and backups, are out of octail's reach: the report says where to
look. It asks first on a terminal (--yes: it does not). Safe to repeat. An id or address of
which neither shop nor journal know anything is refused: it is likely mistyped (--unknown).
Exit code: 0 done, 1 something is left or nobody is known by that, 3 the agent is not running or the shop's
database does not answer.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] != document.CustomerEntity || len(args) > 2 {
				return errors.New("say who: octail erase customer 17, or octail erase customer --email x@example.com")
			}
			if len(args) == 2 {
				id, err := strconv.ParseInt(args[1], 10, 64)
				if err != nil || id <= 0 {
					return fmt.Errorf("%q is no customer's id: give the number, or --email", args[1])
				}
				req.Customer = id
			}
			return req.Check()
		},
		ValidArgs: []string{document.CustomerEntity},
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			if !yes && logging.IsTerminal(os.Stdin) && !p.confirmed(os.Stdin, req) {
				return &exitError{code: exitFailure, error: errors.New("nothing was done")}
			}
			body, err := json.Marshal(req)
			if err != nil {
				return fmt.Errorf("ask the running agent: %w", err)
			}
			report, err := request(cmd.Context(), p, cfg, "/api/v1/erase", bytes.NewReader(body), func(r *erase.Report) string { return r.Line() })
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, report)
			} else {
				report.Text(p.stdout)
			}
			if !report.Done() {
				return &exitError{code: exitFailure, quiet: true, error: errors.New("something of the person is left")}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask first")
	cmd.Flags().BoolVar(&req.Unknown, "unknown", false, "keep out also somebody of whom nothing is known")
	cmd.Flags().StringVar(&req.Email, "email", "", "a guest, by the address of the orders")
	return cmd
}

// confirmed asks on the terminal whether that is meant.
func (p *program) confirmed(from io.Reader, req erase.Request) bool {
	who := fmt.Sprintf("customer %d", req.Customer)
	if req.Customer == 0 {
		who = "the person with this address"
	}
	fmt.Fprintf(p.stderr, "Erase %s from the journal and from all documents to come? There is no way back. Type yes: ", who)
	line, _ := bufio.NewReader(from).ReadString('\n') // no answer is no yes
	return strings.TrimSpace(line) == "yes"
}
