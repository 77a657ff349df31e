package expression

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/expr-lang/expr"
	"github.com/shopspring/decimal"
)

// amount is decimal text of a document as a number: exact, without floating point. It has
// no exported methods, which an expression could call.
type amount struct{ d decimal.Decimal }

var amountType = reflect.TypeFor[amount]()

// UnmarshalJSON reads decimal text; null and "" are 0.
func (a *amount) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil || text == "" {
		return err
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return fmt.Errorf("a decimal number was expected") // without the text: it may be anything
	}
	a.d = d
	return nil
}

// number takes what may stand beside an amount.
func number(v any) (decimal.Decimal, error) {
	switch n := v.(type) {
	case amount:
		return n.d, nil
	case int:
		return decimal.NewFromInt(int64(n)), nil
	case int64:
		return decimal.NewFromInt(n), nil
	}
	return decimal.Decimal{}, fmt.Errorf("an amount cannot be compared or computed with this value")
}

// mostResult bounds the digits of what is computed: by let, a product can be multiplied
// with itself again and again.
const mostResult = 300

// operations are the operators between amounts, as functions an expression cannot name
// itself.
var operations = map[string]func(a, b decimal.Decimal) any{
	"==": func(a, b decimal.Decimal) any { return a.Equal(b) },
	"!=": func(a, b decimal.Decimal) any { return !a.Equal(b) },
	"<":  func(a, b decimal.Decimal) any { return a.LessThan(b) },
	"<=": func(a, b decimal.Decimal) any { return a.LessThanOrEqual(b) },
	">":  func(a, b decimal.Decimal) any { return a.GreaterThan(b) },
	">=": func(a, b decimal.Decimal) any { return a.GreaterThanOrEqual(b) },
	"+":  func(a, b decimal.Decimal) any { return amount{a.Add(b)} },
	"-":  func(a, b decimal.Decimal) any { return amount{a.Sub(b)} },
	"*":  func(a, b decimal.Decimal) any { return amount{a.Mul(b)} },
}

// operation is the name of an operator's function: no identifier of the language.
func operation(operator string) string { return "amount " + operator }

func arithmetic(operator string) bool {
	return operator == "+" || operator == "-" || operator == "*"
}

// amountOptions are the functions of amounts, and sum.
func amountOptions() []expr.Option {
	var options []expr.Option
	for operator, op := range operations {
		var signature any = new(func(any, any) bool)
		if arithmetic(operator) {
			signature = new(func(any, any) amount)
		}
		options = append(options, expr.Function(operation(operator), func(params ...any) (any, error) {
			a, err := number(params[0])
			if err != nil {
				return nil, err
			}
			b, err := number(params[1])
			if err != nil {
				return nil, err
			}
			result := op(a, b)
			if n, ok := result.(amount); ok && n.d.NumDigits() > mostResult {
				return nil, fmt.Errorf("a result has more than %d digits", mostResult)
			}
			return result, nil
		}, signature))
	}
	return append(options, expr.Function("sum", sum, new(func(any) amount)))
}

// sum adds the numbers of a list up: sum(map(lines, .total)).
func sum(params ...any) (any, error) {
	list := reflect.ValueOf(params[0])
	if list.Kind() != reflect.Slice {
		return nil, fmt.Errorf("sum takes a list, as in sum(map(lines, .total))")
	}
	var total decimal.Decimal
	for i := range list.Len() {
		n, err := number(list.Index(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("sum takes a list of numbers, as in sum(map(lines, .total))")
		}
		total = total.Add(n)
	}
	return amount{total}, nil
}
