-- include order_v3.sql
-- read
UPDATE oc_order SET order_status_id = 0 WHERE order_id = 7;
-- wait 14s
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 0, 0, '', '2026-11-30 12:00:00');
-- wait 10s
-- It stays at 0: the wait began with the first half-way read. Later touches are not held again.
UPDATE oc_order SET comment = 'forgotten' WHERE order_id = 7;
-- wait 1s
UPDATE oc_order SET order_status_id = 5 WHERE order_id = 7;
