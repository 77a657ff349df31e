-- include order_v3.sql
-- read
INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount)
  VALUES (7, 0, '&euro;30 Gift Certificate for Bob', 'Sommer26', 'Alice', 'alice@example.com', 'Bob &amp; Co', 'bob@example.com', 1, 'hi', 30.0000);
-- read
UPDATE oc_order_total SET value = 75.0000 WHERE order_total_id = 701;
UPDATE oc_order_total SET value = 91.0000 WHERE order_total_id = 704;
UPDATE oc_order SET total = 91.0000 WHERE order_id = 7;
