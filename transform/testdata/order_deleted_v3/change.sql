-- include order_v3.sql
-- read
UPDATE oc_order SET order_status_id = 0 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 0, 0, '', '2026-11-30 12:00:00');
-- read
DELETE FROM oc_order WHERE order_id = 7;
-- read
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
DELETE FROM oc_order_total WHERE order_id = 7;
DELETE FROM oc_order_history WHERE order_id = 7;
