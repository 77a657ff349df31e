-- A customer's order 7: drafted, then confirmed.
INSERT INTO oc_order (order_id, invoice_no, invoice_prefix, store_id, store_name, store_url, customer_id, customer_group_id, firstname, lastname, email, telephone, fax,
  payment_firstname, payment_lastname, payment_company, payment_company_id, payment_tax_id, payment_address_1, payment_address_2, payment_city, payment_postcode, payment_country, payment_country_id, payment_zone, payment_zone_id,
  payment_address_format, payment_method, payment_code,
  shipping_firstname, shipping_lastname, shipping_company, shipping_address_1, shipping_address_2, shipping_city, shipping_postcode, shipping_country, shipping_country_id, shipping_zone, shipping_zone_id,
  shipping_address_format, shipping_method, shipping_code, comment, total, order_status_id, affiliate_id, commission, language_id,
  currency_id, currency_code, currency_value, ip, forwarded_ip, user_agent, accept_language, date_added, date_modified)
VALUES (7, 0, 'INV-', 0, 'Example Shop', 'http://shop.example.com/', 1, 1, 'Alice', 'Example', 'alice@example.com', '+44 0000 000009', '',
  'Alice', 'Example', 'Fern &amp; Sons', 'HRB 1', 'DE0000', '2 Sample Street', '', 'Berlin', '10115', 'Germany', 81, 'Berlin', 1256, '', 'Cash On Delivery', 'cod',
  'Alice', 'Example', '', '2 Sample Street', '', 'Berlin', '10115', 'Germany', 81, 'Berlin', 1256, '', 'Flat Shipping Rate', 'flat.flat', '', 61.0000, 0, 0, 0.0000, 1,
  1, 'EUR', 1.00000000, '192.0.2.7', '', 'ExampleBrowser', 'en', '2026-11-30 10:00:00', '2026-11-30 10:00:00');
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES
  (71, 7, 42, 'Cup 12&quot;', 'CUP-12', 2, 12.5000, 25.0000, 2.5000, 3), (72, 7, 43, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0);
INSERT INTO oc_order_option (order_option_id, order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES
  (711, 7, 71, 421, 4211, 'Colour', 'Red', 'select'), (712, 7, 71, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text');
INSERT INTO oc_order_total (order_total_id, order_id, code, title, text, value, sort_order) VALUES
  (701, 7, 'sub_total', 'Sub-Total', '€45.00', 45.0000, 1), (702, 7, 'shipping', 'Flat Shipping Rate', '€5.00', 5.0000, 3),
  (703, 7, 'tax', 'VAT (20%)', '€11.00', 11.0000, 5), (704, 7, 'total', 'Total', '€61.00', 61.0000, 9);
UPDATE oc_order SET order_status_id = 1 WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (73, 7, 1, 0, '', '2026-11-30 10:00:05');
