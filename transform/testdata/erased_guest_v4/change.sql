-- include order_v4.sql
UPDATE oc_order SET transaction_id = 'PAY-1', telephone = '+44 0000 000002' WHERE order_id = 7;
-- read
-- Deleted before its guest asked to be forgotten: it is told once more that it is gone.
UPDATE oc_order SET comment = 'twice' WHERE order_id = 7;
-- read
DELETE FROM oc_order WHERE order_id = 7;
DELETE FROM oc_order_product WHERE order_id = 7;
DELETE FROM oc_order_total WHERE order_id = 7;
DELETE FROM oc_order_history WHERE order_id = 7;
DELETE FROM oc_order_option WHERE order_id = 7;
-- wait 20s
-- forget carol@EXAMPLE.com
-- mark order/7 sync
-- wait 2s
-- mark order/7 sync
-- wait 2s
-- include order_v4.sql
-- wait 2s
UPDATE oc_order SET email = 'other@example.com' WHERE order_id = 7;
-- read
-- The shop has taken another address into the order: it stays without its guest.
UPDATE oc_order_history SET order_status_id = 2 WHERE order_id = 7;
UPDATE oc_order SET order_status_id = 2 WHERE order_id = 7;
