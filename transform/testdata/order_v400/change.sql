-- include order_v4.sql
UPDATE oc_order SET payment_method = 'Cash On Delivery', payment_code = 'cod', shipping_method = 'Flat &lt;b&gt;Rate&lt;/b&gt;', shipping_code = 'flat.flat' WHERE order_id = 7;
-- read
-- The upgrade to 4.0.2: one column as JSON for both, without another meaning for the payment.
UPDATE oc_order SET payment_method = '{"name":"Cash On Delivery","code":"cod"}' WHERE order_id = 7;
ALTER TABLE oc_order DROP COLUMN payment_code;
