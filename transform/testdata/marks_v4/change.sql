-- mark order/0 snapshot
-- mark stock/42 snapshot
-- read
-- mark order/0 reconcile
-- mark order/999 sync
-- read
-- A key that is touched and marked at once has the shop as its origin, and is read once.
UPDATE oc_order SET comment = 'touched' WHERE order_id = 7;
-- mark order/7 sync
-- read
