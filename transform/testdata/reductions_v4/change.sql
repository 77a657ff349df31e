INSERT INTO oc_product_discount (product_id, customer_group_id, quantity, priority, price, type, special, date_start, date_end) VALUES
  (42, 1, 10, 1, 5.0000, 'P', 0, NULL, NULL), (42, 1, 10, 1, 2.0000, 'S', 0, '2026-12-01', '0000-00-00'), (42, 1, 5, 1, 11.0000, 'F', 0, NULL, NULL),
  (42, 1, 1, 1, 9.9900, 'F', 1, '2026-12-01', '2026-12-24'), (42, 2, 1, 0, 10.0000, 'P', 1, NULL, NULL), (42, 1, 1, 1, 1.0000, 'S', 1, NULL, NULL);
-- read
-- Saved again: other ids, other places, nothing changed.
DELETE FROM oc_product_discount WHERE product_id = 42;
INSERT INTO oc_product_discount (product_id, customer_group_id, quantity, priority, price, type, special, date_start, date_end) VALUES
  (42, 1, 1, 1, 1.0000, 'S', 1, NULL, NULL), (42, 2, 1, 0, 10.0000, 'P', 1, NULL, NULL), (42, 1, 5, 1, 11.0000, 'F', 0, NULL, NULL),
  (42, 1, 1, 1, 9.9900, 'F', 1, '2026-12-01', '2026-12-24'), (42, 1, 10, 1, 2.0000, 'S', 0, '2026-12-01', '0000-00-00'), (42, 1, 10, 1, 5.0000, 'P', 0, NULL, NULL);
