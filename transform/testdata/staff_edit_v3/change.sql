-- include order_v3.sql
-- read
-- To 4.0 an edit takes the order through status 0.
UPDATE oc_order SET order_status_id = 0 WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (90, 7, 0, 0, '', '2026-11-30 12:00:00');
-- read
UPDATE oc_order SET shipping_address_1 = '3 Sample Street' WHERE order_id = 7;
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
-- read
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES (81, 7, 42, 'Cup 12&quot;', 'CUP-12', 2, 12.5000, 25.0000, 2.5000, 3);
-- wait 3s
INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES (7, 81, 421, 4211, 'Colour', 'Red', 'select'), (7, 81, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text');
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES (82, 7, 43, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0);
DELETE FROM oc_order_total WHERE order_id = 7;
INSERT INTO oc_order_total (order_id, code, title, value, sort_order) VALUES (7, 'sub_total', 'Sub-Total', 45.0000, 1), (7, 'shipping', 'Flat Shipping Rate', 5.0000, 3), (7, 'tax', 'VAT (20%)', 11.0000, 5), (7, 'total', 'Total', 61.0000, 9);
-- wait 3s
UPDATE oc_order SET order_status_id = 1 WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (91, 7, 1, 0, '', '2026-11-30 12:00:06');
DELETE FROM oc_order_history WHERE order_history_id = 90;
