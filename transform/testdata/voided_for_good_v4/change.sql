-- include order_v4.sql
-- read
UPDATE oc_order SET order_status_id = 16 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 16, 1, '', '2026-11-30 12:00:00');
-- wait 5s
