UPDATE oc_product SET sort_order = 5 WHERE product_id = 42;
-- read
-- Key 0 and NULL belong to nobody; they must not mean all.
INSERT INTO oc_address (customer_id, firstname) VALUES (0, 'x'), (NULL, 'x');
INSERT INTO oc_order_history (order_id, order_status_id) VALUES (0, 1), (NULL, 1);
INSERT INTO oc_product_option_value (product_option_id, product_id, option_value_id) VALUES (0, 0, 0);
INSERT INTO oc_order_total (order_id, code) VALUES (-5, 'total');
INSERT INTO oc_manufacturer (name) VALUES ('of nothing');
