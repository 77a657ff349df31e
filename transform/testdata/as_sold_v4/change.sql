-- include order_v4.sql
-- read
-- What a line took from its product is kept: the product changes and goes, the order is edited.
UPDATE oc_product_code SET value = 'NEW-42' WHERE product_id = 42;
UPDATE oc_product SET weight = 9.00000000, shipping = 0 WHERE product_id = 42;
UPDATE oc_order SET comment = 'one' WHERE order_id = 7;
-- read
DELETE FROM oc_product WHERE product_id = 42;
DELETE FROM oc_product_option WHERE product_id = 42;
UPDATE oc_order SET comment = 'two' WHERE order_id = 7;
-- wait 1s
-- The shop renames an option and staff saves the order: the texts are new, the line is the same.
UPDATE oc_order_option SET name = 'Color', value = 'Crimson' WHERE order_option_id = 711;
-- read
-- Another choice is another line; the number of the old one is not given again.
INSERT INTO oc_product_option (product_option_id, product_id, option_id, value, required) VALUES (421, 42, 4, '', 1), (422, 42, 3, '', 0);
UPDATE oc_order_option SET product_option_value_id = 4212, name = 'Color', value = 'Blue' WHERE order_option_id = 711;
-- read
UPDATE oc_order_option SET product_option_value_id = 4211, value = 'Crimson' WHERE order_option_id = 711;
