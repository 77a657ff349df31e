package document

import (
	"fmt"
	"testing"
)

func TestParents(t *testing.T) {
	for _, c := range []struct{ entity, doc, want string }{
		{OrderEntity, `{"customer":{"id":17},"lines":[{"product_id":42},{"product_id":7},{"product_id":42},{"product_id":0}]}`, "[customer/17 product/42 product/7]"},
		{OrderEntity, `{"customer":{"id":null},"lines":[]}`, "[]"},
		{OrderEntity, `{"customer":null}`, "[]"},
		{ProductEntity, `{"id":42,"master_id":40,"categories":[{"id":5,"path":[1,5]},{"id":6}]}`, "[product/40 category/5 category/6]"},
		{StockEntity, `{"product_id":42}`, "[product/42]"},
		{CategoryEntity, `{"id":5,"parent_id":1}`, "[category/1]"},
		{CategoryEntity, `{"id":5,"parent_id":null}`, "[]"},
		{CustomerEntity, `{"id":17}`, "[]"},
	} {
		got, err := Parents(c.entity, []byte(`{"changed":[],"document":`+c.doc+`}`))
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s %s: %v %v", c.entity, c.doc, got, err)
		}
	}
	if _, err := Parents(OrderEntity, []byte(`{"document":[]}`)); err == nil {
		t.Error("no document was read")
	}
}
