-- include order_v4.sql
-- read
-- 4.1 deletes the children first.
DELETE FROM oc_order_product WHERE order_id = 7;
-- read
DELETE FROM oc_order_option WHERE order_id = 7;
DELETE FROM oc_order_total WHERE order_id = 7;
DELETE FROM oc_order_history WHERE order_id = 7;
DELETE FROM oc_order WHERE order_id = 7;
-- wait 1s
-- What comes after it is nothing.
DELETE FROM oc_order_total WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 2, 1, '', '2026-11-30 11:00:00');
