-- include order_v4.sql
-- read
INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount)
  VALUES (7, 0, 'Gift Certificate for Bob', 'Winter26', 'Alice', 'alice@example.com', 'Bob', 'bob@example.com', 1, 'hi', 30.0000);
UPDATE oc_order_total SET value = 75.0000 WHERE order_total_id = 701;
UPDATE oc_order_total SET value = 91.0000 WHERE order_total_id = 704;
UPDATE oc_order SET total = 91.0000, transaction_id = 'T-1' WHERE order_id = 7;
-- read
-- An edit takes the order through status 0, and leaves that in the history.
UPDATE oc_order SET order_status_id = 0 WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (90, 7, 0, 0, '', '2026-11-30 12:00:00');
-- read
UPDATE oc_order SET order_status_id = 1, comment = 'ring once' WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (91, 7, 1, 0, '', '2026-11-30 12:00:06');
-- read
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, password, custom_field, newsletter, ip, status, safe, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '1', 'secret', '', 0, '', 1, 0, '', '', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field, `default`)
  VALUES (1, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 0), (2, 1, 'Alice', 'Example', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 1);
-- read
INSERT INTO oc_product_special (product_id, customer_group_id, priority, price, date_start, date_end) VALUES (42, 2, 3, 7.0000, '0000-00-00', '2026-12-31');
UPDATE oc_product SET ean = '' WHERE product_id = 42;
INSERT INTO oc_product (product_id, master_id, model, sku, variant, `override`, stock_status_id, quantity, price, status, date_added) VALUES (44, 42, 'CUP-12-B', 'SKU-44', '{"421":"4212"}', '{}', 7, 3, 11.0000, 1, '2026-11-30 10:00:00');
INSERT INTO oc_product_description (product_id, language_id, name, description, tag, meta_title, meta_description, meta_keyword) VALUES (44, 1, 'Cup, blue', '', '', '', '', '');
