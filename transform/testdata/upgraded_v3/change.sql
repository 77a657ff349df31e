INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, custom_field, newsletter, address_id, ip, status, safe, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '+44 0000 000009', '', 'secret', 'salt', 'a:1:{i:1;s:5:"GB000";}', 0, 0, '', 1, 0, '', '', '2026-11-30 10:00:00');
UPDATE oc_product SET price = 13.0000 WHERE product_id = 42;
UPDATE oc_category SET sort_order = 9 WHERE category_id = 28;
-- read
-- Nothing is written there any more; if somebody does, it means nothing.
UPDATE oc_customer SET approved = 1 WHERE customer_id = 1;
UPDATE oc_url_alias SET keyword = 'very-old';
UPDATE oc_product_tag SET tag = 'very old';
-- read
UPDATE oc_customer SET custom_field = '{"1":"GB001"}' WHERE customer_id = 1;
