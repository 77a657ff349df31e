-- Staff opens and saves the order: 4.1 takes it through the void status.
UPDATE oc_order SET order_status_id = 16 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 16, 1, '', '2026-11-30 12:00:00');
-- read

DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
-- read
INSERT INTO oc_order_product (order_product_id, order_id, product_id, master_id, name, model, quantity, price, total, tax, reward) VALUES
  (81, 7, 43, 0, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0), (82, 7, 42, 0, 'Cup 12&quot;', 'CUP-12', 2, 12.5000, 25.0000, 2.5000, 0);
INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES
  (7, 82, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text'), (7, 82, 421, 4211, 'Colour', 'Red', 'select');

-- wait 2s

UPDATE oc_order SET order_status_id = 1 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 1, 0, '', '2026-11-30 12:00:01');
