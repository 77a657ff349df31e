-- In Berlin. The hour 02:00-03:00 comes twice in October and not at all in March.
INSERT INTO oc_customer (customer_id, firstname, status, date_added) VALUES
  (1, 'winter', 1, '2026-01-15 12:00:00'), (2, 'summer', 1, '2026-07-15 12:00:00'), (3, 'twice', 1, '2026-10-25 02:30:00'), (4, 'never', 1, '2026-03-29 02:30:00'), (5, 'null', 1, NULL);
