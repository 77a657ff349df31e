-- include order_v4.sql
-- read
-- Staff opens and saves the order: 4.1 takes it through the void status.
UPDATE oc_order SET order_status_id = 16 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 16, 1, '', '2026-11-30 12:00:00');
-- read

DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
-- read
INSERT INTO oc_order_product (order_product_id, order_id, product_id, master_id, name, model, quantity, price, total, tax, reward) VALUES
  (81, 7, 43, 0, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0), (82, 7, 42, 0, 'Cup 12&quot;', 'CUP-12', 2, 12.5000, 25.0000, 2.5000, 3);
INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES
  (7, 82, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text'), (7, 82, 421, 4211, 'Colour', 'Red', 'select');
DELETE FROM oc_order_total WHERE order_id = 7;
INSERT INTO oc_order_total (order_id, extension, code, title, value, sort_order) VALUES
  (7, 'opencart', 'sub_total', 'Sub-Total', 45.0000, 1), (7, 'opencart', 'shipping', 'Flat Shipping Rate', 5.0000, 3),
  (7, 'opencart', 'tax', 'VAT (20%)', 11.0000, 5), (7, 'opencart', 'total', 'Total', 61.0000, 9);
UPDATE oc_order SET total = 61.0000 WHERE order_id = 7;
-- wait 2s

-- The staff page writes the same method with other keys and numbers.
UPDATE oc_order SET payment_method = '{"code":"cod.cod","name":"Cash On Delivery"}', custom_field = '{"1": "GB000"}',
  shipping_method = '{"text":"5.00","tax_class_id":9,"cost":5,"name":"Flat Shipping Rate","code":"flat.flat"}' WHERE order_id = 7;

UPDATE oc_order SET order_status_id = 1 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 1, 0, '', '2026-11-30 12:00:01');
