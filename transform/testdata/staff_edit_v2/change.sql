-- include order_v3.sql
-- read
UPDATE oc_order SET order_status_id = 0 WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (90, 7, 0, 0, '', '2026-11-30 12:00:00');
-- read
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES (81, 7, 42, 'Cup 12&quot;', 'CUP-12', 2, 12.5000, 25.0000, 2.5000, 3), (82, 7, 43, 'Plate', 'PLATE', 1, 20.0000, 20.0000, 4.0000, 0);
INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, product_option_value_id, name, value, type) VALUES (7, 81, 421, 4211, 'Colour', 'Red', 'select'), (7, 81, 422, 0, 'Engraving', 'For Mia &amp; Tom', 'text');
-- wait 3s
-- The row with status 0 stays in the history for good.
UPDATE oc_order SET order_status_id = 1 WHERE order_id = 7;
INSERT INTO oc_order_history (order_history_id, order_id, order_status_id, notify, comment, date_added) VALUES (91, 7, 1, 0, '', '2026-11-30 12:00:06');
-- read
-- The marketing code, and what a search-engine address changes.
UPDATE oc_order SET marketing_id = 3, tracking = 'a&amp;b', affiliate_id = 2, commission = 1.5000 WHERE order_id = 7;
UPDATE oc_url_alias SET keyword = 'big-cup' WHERE query = 'product_id=42';
