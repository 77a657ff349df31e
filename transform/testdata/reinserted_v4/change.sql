-- include order_v4.sql
-- read
-- An import that deletes and inserts: no deletion.
DELETE FROM oc_order WHERE order_id = 7;
-- read
-- include order_row_v4.sql
-- wait 1s
-- Gone for longer: deleted, and created anew when it is back. Revisions and line numbers count on.
DELETE FROM oc_order WHERE order_id = 7;
-- wait 1s
-- wait 1s
-- include order_row_v4.sql
INSERT INTO oc_order_product (order_product_id, order_id, product_id, master_id, name, model, quantity, price, total, tax, reward) VALUES (91, 7, 44, 0, 'Bowl', 'BOWL', 1, 5.0000, 5.0000, 1.0000, 0);
-- wait 1s
-- Back as a draft (an old server gives an id again): nothing is created.
DELETE FROM oc_order WHERE order_id = 7;
-- wait 1s
-- wait 1s
-- include order_row_v4.sql
UPDATE oc_order SET order_status_id = 0 WHERE order_id = 7;
