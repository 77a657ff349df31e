INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, newsletter, address_id, custom_field, ip, status, approved, safe, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '1', '', 'secret', 'salt', 0, 0, '', '', 1, 1, 0, '', '', '2026-11-30 10:00:00');
-- include order_v3.sql
-- read
-- What an order copied when it was made stays as it was: the customer's data, the product's name and model.
UPDATE oc_customer SET email = 'new@example.com', telephone = '2' WHERE customer_id = 1;
UPDATE oc_product SET model = 'CUP-13', sku = 'SKU-43' WHERE product_id = 42;
-- wait 20s
DELETE FROM oc_customer WHERE customer_id = 1;
DELETE FROM oc_product WHERE product_id = 42;
DELETE FROM oc_product_description WHERE product_id = 42;
-- wait 20s
UPDATE oc_order SET comment = 'and the order still says so' WHERE order_id = 7;
