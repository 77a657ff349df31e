-- include order_v1.sql
-- read
-- Staff edits: the status is not touched, lines come again under their ids, the total last.
UPDATE oc_order SET shipping_address_1 = '3 Sample Street' WHERE order_id = 7;
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
-- read
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES (71, 7, 42, 'Cup 12&quot;', 'CUP-12', 3, 12.5000, 37.5000, 2.5000, 3);
INSERT INTO oc_order_option (order_option_id, order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES (711, 7, 71, 421, 4211, 'Colour', 'Red', 'select'), (712, 7, 71, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text');
-- wait 3s
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES (72, 7, 43, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0);
DELETE FROM oc_order_total WHERE order_id = 7;
INSERT INTO oc_order_total (order_id, code, title, text, value, sort_order) VALUES (7, 'sub_total', 'Sub-Total', '€57.50', 57.5000, 1), (7, 'shipping', 'Flat Shipping Rate', '€5.00', 5.0000, 3), (7, 'tax', 'VAT (20%)', '€13.50', 13.5000, 5), (7, 'total', 'Total', '€76.00', 76.0000, 9);
-- read
UPDATE oc_order SET total = 76.0000 WHERE order_id = 7;
-- read
-- Cancelled, then deleted: the order first, without another status.
UPDATE oc_order SET order_status_id = 7 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 7, 0, 'too late', '2026-11-30 12:00:00');
-- read
DELETE FROM oc_order WHERE order_id = 7;
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
DELETE FROM oc_order_total WHERE order_id = 7;
DELETE FROM oc_order_history WHERE order_id = 7;
