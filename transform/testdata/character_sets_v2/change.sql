-- The shop speaks UTF-8 to its server, which converts: these come out as they went in.
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, newsletter, address_id, custom_field, ip, status, approved, safe, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Jürgen', 'Ñandú &amp; Söhne €', 'juergen@example.com', '1', '', '', '', 0, 1, '{"1":"Straße"}', '', 1, 1, 0, '', '', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field)
  VALUES (1, 1, 'Jürgen', 'Ñandú', '', '2 Sample Straße', '', 'Köln', '50667', 81, 1256, '{"2":"1"}');
UPDATE oc_product_description SET name = 'Tasse 😀' WHERE product_id = 42;
UPDATE oc_url_alias SET keyword = 'größe' WHERE query = 'product_id=42';
-- include order_v3.sql
UPDATE oc_order SET comment = 'Zażółć 😀' WHERE order_id = 7;
UPDATE oc_order_history SET comment = 'Zażółć' WHERE order_id = 7;
-- read
-- UTF-8 bytes that were loaded into a latin1 column as they are: the shop's pages show them as "JÃ¼rgen", and so does octail.
UPDATE oc_customer SET firstname = CAST(X'4AC3BC7267656E' AS CHAR CHARACTER SET latin1) WHERE customer_id = 1;
