-- include order_v4.sql
-- read
-- A status alone, a note alone, an invoice number: each is a revision.
UPDATE oc_order SET order_status_id = 2 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 2, 1, 'Being packed', '2026-11-30 11:00:00');
-- read
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 2, 0, 'Parcel 1 of 2', '2026-11-30 12:00:00');
-- read
UPDATE oc_order SET invoice_no = 17 WHERE order_id = 7;
-- read
-- What has no meaning makes none.
UPDATE oc_order SET date_modified = '2026-11-30 13:00:00', ip = '192.0.2.9', user_agent = 'Other' WHERE order_id = 7;
UPDATE oc_order SET comment = CONCAT(comment, '') WHERE order_id = 7;
