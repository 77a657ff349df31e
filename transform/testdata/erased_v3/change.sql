INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, custom_field, newsletter, address_id, ip, status, safe, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '+44 0000 000009', '+44 0000 000010', 'secret', 'salt', '{"1":"GB000"}', 1, 1, '', 1, 0, '', '', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field)
  VALUES (1, 1, 'Alice', 'Example', 'Example Ltd', '2 Sample Street', 'Flat 3', 'Testville', 'AB1 2CD', 222, 3563, '{"1":"GB000"}');
-- include order_v3.sql
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (74, 7, 2, 1, 'parcel left with Mr Neighbour', '2026-11-30 11:00:00');
UPDATE oc_order SET order_status_id = 2, comment = 'ring twice' WHERE order_id = 7;
INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount)
  VALUES (7, 0, '&euro;30 Gift Certificate for Bob', 'Sommer26', 'Alice', 'alice@example.com', 'Bob', 'bob@example.com', 1, 'hi', 30.0000);
UPDATE oc_order_total SET value = 75.0000 WHERE order_total_id = 701;
UPDATE oc_order_total SET value = 91.0000 WHERE order_total_id = 704;
UPDATE oc_order SET total = 91.0000 WHERE order_id = 7;
INSERT INTO oc_order (order_id, customer_id, customer_group_id, firstname, lastname, email, telephone, total, order_status_id, language_id, currency_id, currency_code, currency_value, date_added, date_modified,
  invoice_prefix, store_name, store_url, fax, custom_field, payment_firstname, payment_lastname, payment_company, payment_address_1, payment_address_2, payment_city, payment_postcode, payment_country, payment_country_id,
  payment_zone, payment_zone_id, payment_address_format, payment_custom_field, payment_method, payment_code, shipping_firstname, shipping_lastname, shipping_company, shipping_address_1, shipping_address_2, shipping_city,
  shipping_postcode, shipping_country, shipping_country_id, shipping_zone, shipping_zone_id, shipping_address_format, shipping_custom_field, shipping_method, shipping_code, comment, affiliate_id, commission, marketing_id, tracking, ip, forwarded_ip, user_agent, accept_language)
  VALUES (8, 0, 1, 'Dora', 'Other', 'dora@example.com', '+44 0000 000077', 20.0000, 1, 1, 1, 'EUR', 1.00000000, '2026-11-30 12:00:00', '2026-11-30 12:00:00',
  'INV-', 'Example Shop', 'http://shop.example.com/', '', '', 'Dora', 'Other', '', '', '', '', '', '', 0, '', 0, '', '', 'Cash On Delivery', 'cod', '', '', '', '', '', '', '', '', 0, '', 0, '', '', '', '', '', 0, 0.0000, 0, '', '', '', '', '');
INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount)
  VALUES (8, 0, '&euro;20 Gift Certificate for Alice', 'Winter26', 'Dora', 'dora@example.com', 'Alice', 'Alice@Example.com', 1, 'hi', 20.0000);
INSERT INTO oc_order_total (order_id, code, title, value, sort_order) VALUES (8, 'sub_total', 'Sub-Total', 20.0000, 1), (8, 'total', 'Total', 20.0000, 9);
-- read
-- forget customer/1
-- forget alice@example.com
-- mark customer/1 sync
-- mark order/7 sync
-- mark order/8 sync
-- wait 2s
-- What is touched later, compared or asked for stays without the person; nothing changes by it.
UPDATE oc_order SET comment = 'ring three times', telephone = '+44 0000 000011' WHERE order_id = 7;
UPDATE oc_customer SET telephone = '+44 0000 000011', lastname = 'Example-Smith' WHERE customer_id = 1;
UPDATE oc_order_option SET value = 'For Tom' WHERE order_option_id = 712;
-- mark customer/0 reconcile
-- wait 2s
-- Staff edits the order: all lines anew, under their old numbers.
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES
  (81, 7, 43, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0), (82, 7, 42, 'Cup 12&quot;', 'CUP-12', 2, 12.5000, 25.0000, 2.5000, 3);
INSERT INTO oc_order_option (order_option_id, order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES
  (811, 7, 82, 421, 4211, 'Colour', 'Red', 'select'), (812, 7, 82, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text');
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (75, 7, 3, 1, 'see you', '2026-12-01 11:00:00');
UPDATE oc_order SET order_status_id = 3 WHERE order_id = 7;
-- wait 20s
-- restart
-- Who was asked for before, and is deleted, is deleted without a name.
DELETE FROM oc_customer WHERE customer_id = 1;
DELETE FROM oc_address WHERE customer_id = 1;
-- wait 20s
