-- The row of order 7 again, confirmed.
INSERT INTO oc_order (order_id, invoice_prefix, store_id, store_name, store_url, customer_id, customer_group_id, firstname, lastname, email, telephone, custom_field,
  payment_method, shipping_firstname, shipping_lastname, shipping_company, shipping_address_1, shipping_address_2, shipping_city, shipping_postcode, shipping_country,
  shipping_country_id, shipping_zone, shipping_zone_id, shipping_custom_field, shipping_method, comment, total, order_status_id, language_id, language_code,
  currency_id, currency_code, currency_value, ip, date_added, date_modified)
VALUES (7, 'INV-', 0, 'Example Shop', 'http://shop.example.com/', 0, 1, 'Carol', 'Guest', 'Carol@example.com', '+44 0000 000001', '{"1":"GB000"}',
  '{"name":"Cash On Delivery","code":"cod.cod"}', 'Carol', 'Guest', '', '2 Sample Street', '', 'Berlin', '10115', 'Germany',
  81, 'Berlin', 1256, '{"2":"1"}', '{"code":"flat.flat","name":"Flat Shipping Rate","cost":"5.00","tax_class_id":"9","text":"5.00"}', 'ring twice', 61.0000, 1, 1, 'en-gb',
  1, 'EUR', 1.00000000, '192.0.2.7', '2026-11-30 10:00:00', '2026-11-30 10:00:00');
