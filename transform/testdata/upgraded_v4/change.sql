-- Codes: those of rows alone; of a product that has none yet its columns. Specials: the shop knows those of oc_product_discount alone.
UPDATE oc_product SET price = 13.0000;
INSERT INTO oc_product_discount (product_id, customer_group_id, quantity, priority, price, type, special, date_start, date_end) VALUES (42, 1, 1, 1, 11.0000, 'F', 1, '0000-00-00', '0000-00-00');
-- The default address is the one that says so; of a customer without one the one he names.
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, password, custom_field, newsletter, status, date_added, address_id, approved)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '1', 'secret', 'a:1:{i:1;s:5:"GB000";}', 0, 1, '2026-11-30 10:00:00', 1, 1);
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field, `default`)
  VALUES (1, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 0), (2, 1, 'Alice', 'Example', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 1);
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, password, custom_field, newsletter, status, date_added, address_id, approved)
  VALUES (2, 1, 0, 1, 'Bob', 'Example', 'bob@example.com', '2', 'secret', '', 0, 1, '2026-11-30 10:00:00', 4, 1);
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field, `default`)
  VALUES (3, 2, 'Bob', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 0), (4, 2, 'Bob', 'Example', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 0);
-- include order_v4.sql
-- read
UPDATE oc_product_special SET price = 2.0000;
UPDATE oc_customer SET address_id = 2, approved = 0 WHERE customer_id = 1;
-- read
-- An order from before: a title and a code, a gift voucher.
UPDATE oc_order SET payment_method = 'Bank {transfer}', payment_code = 'bank_transfer', shipping_method = 'Weight Based &amp; Co', shipping_code = 'weight.weight_5', total = 91.0000 WHERE order_id = 7;
INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount) VALUES (7, 1, 'Gift', 'Winter26', 'A', 'a@example.com', 'B', 'b@example.com', 1, '', 30.0000);
UPDATE oc_order_total SET value = 75.0000 WHERE order_total_id = 701;
UPDATE oc_order_total SET value = 91.0000 WHERE order_total_id = 704;
-- read
-- Nothing to send: the present release writes an empty text or list.
UPDATE oc_order SET payment_method = '{"code":"cod.cod","name":"Cash On Delivery"}', payment_code = '', shipping_method = '[]', shipping_code = '' WHERE order_id = 7;
-- read
INSERT INTO oc_product_code (product_id, code, value) VALUES (43, 'SKU', 'NEW-SKU');
-- read
-- A save, read in the middle: the columns do not stand in for the rows.
UPDATE oc_product SET sort_order = 9 WHERE product_id = 42;
DELETE FROM oc_product_code WHERE product_id = 42;
-- read
INSERT INTO oc_product_code (product_id, code, value) VALUES (42, 'SKU', 'SKU-42');
-- read
-- All codes are removed: after a second look that is so.
DELETE FROM oc_product_code WHERE product_id = 42;
