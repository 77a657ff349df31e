-- include order_v4.sql
-- read
UPDATE oc_order SET payment_method = '{"code":"cod.cod","na', shipping_method = '[]', custom_field = '{"1":"GB0' WHERE order_id = 7;
-- read
-- A title from before the upgrade; other types than OpenCart writes.
UPDATE oc_order SET payment_method = 'Bank transfer', shipping_method = '{"code":7,"name":["x"],"cost":{"a":1},"tax_class_id":"none"}', custom_field = '[]' WHERE order_id = 7;
-- read
UPDATE oc_order SET shipping_method = '{"code":"a.b","name":"&lt;i&gt;A&lt;/i&gt;","cost":1e999999999,"tax_class_id":9}', custom_field = '{"account":{"1":"nested"},"2":["1","9"],"3":{"0":"a","2":"b"},"4":null,"5":1.50,"6":{"x":{}}}' WHERE order_id = 7;
-- read
UPDATE oc_order SET shipping_method = 'null', custom_field = 'a:1:{i:1;s:1:"x";}' WHERE order_id = 7;
-- read
UPDATE oc_product SET master_id = 43, variant = '{"421":' WHERE product_id = 42;
