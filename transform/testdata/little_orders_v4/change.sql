-- No lines at all; nothing to send and nothing to pay; a line of a product that is gone.
INSERT INTO oc_order (order_id, order_status_id, firstname, lastname, email, telephone, total, language_id, language_code, currency_code, currency_value, date_added)
  VALUES (1, 1, 'A', 'B', 'a@example.com', '1', 0.0000, 1, 'en-gb', 'EUR', 1, '2026-11-30 10:00:00'), (2, 1, 'A', 'B', 'a@example.com', '1', 0.0000, 2, '', 'EUR', 1, '2026-11-30 10:00:00'),
         (3, 1, 'A', 'B', 'a@example.com', '1', 5.0000, 1, 'en-gb', 'EUR', 1, '2026-11-30 10:00:00');
INSERT INTO oc_order_total (order_id, extension, code, title, value, sort_order) VALUES (2, 'opencart', 'sub_total', 'Sub-Total', 0.0000, 1), (2, 'opencart', 'total', 'Total', 0.0000, 9);
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax) VALUES (1, 2, 42, 'Cup', 'CUP-12', 1, 0.0000, 0.0000, 0.0000), (2, 3, 999, 'Lost', 'LOST', 1, 5.0000, 5.0000, 0.0000);
INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES (3, 2, 998, 997, 'Colour', 'Red', 'select'), (3, 99, 421, 4211, 'of no line', '', 'text');
