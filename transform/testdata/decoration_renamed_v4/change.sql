-- include order_v4.sql
-- read
-- Names of reference rows are decoration: no revision, the next one has them.
DELETE FROM oc_order_status WHERE order_status_id = 1;
INSERT INTO oc_order_status (order_status_id, language_id, name) VALUES (1, 1, 'Waiting &amp; seeing'), (1, 2, 'Wartet');
UPDATE oc_customer_group_description SET name = 'Everybody' WHERE customer_group_id = 1;
UPDATE oc_zone_description SET name = 'Berlin (city)' WHERE zone_id = 1256;
UPDATE oc_tax_class SET title = 'Taxed' WHERE tax_class_id = 9;
UPDATE oc_stock_status SET name = 'Sold out' WHERE stock_status_id = 5;
UPDATE oc_custom_field_description SET name = 'VAT number' WHERE custom_field_id = 1;
UPDATE oc_currency SET value = 0.9, title = 'Pounds' WHERE code = 'GBP';
UPDATE oc_order SET store_name = 'Renamed Shop', store_url = 'http://renamed.example.com/' WHERE order_id = 7;
-- read
-- mark order/7 sync
-- mark product/42 sync
-- read
UPDATE oc_order SET comment = 'ring thrice' WHERE order_id = 7;
UPDATE oc_product SET quantity = 989 WHERE product_id = 42;
