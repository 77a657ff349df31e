-- include order_v3.sql
-- read
UPDATE oc_order SET order_status_id = 3 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 3, 1, '', '2026-11-30 11:00:00');
