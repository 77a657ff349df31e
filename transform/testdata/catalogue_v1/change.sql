-- include product_v1.sql
INSERT INTO oc_customer (customer_id, store_id, firstname, lastname, email, telephone, fax, password, salt, cart, newsletter, address_id, customer_group_id, ip, status, approved, token, date_added)
  VALUES (1, 0, 'Alice', 'Example', 'alice@example.com', '+44 0000 000009', '+44 1', 'secret', 'salt', 'a:0:{}', 1, 2, 1, '192.0.2.7', 1, 0, 'secret', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, company_id, tax_id, address_1, address_2, city, postcode, country_id, zone_id)
  VALUES (1, 1, 'Alice', 'Example', 'Fern &amp; Sons', 'HRB 1', 'DE0000', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563), (2, 1, 'Alice', 'Example', '', '', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563);
-- read
-- The cart is a column of the customer: nothing anybody wants to know.
UPDATE oc_customer SET cart = 'a:1:{s:2:"42";i:1;}', ip = '192.0.2.8', token = 'other' WHERE customer_id = 1;
UPDATE oc_product SET viewed = viewed + 1 WHERE product_id = 42;
-- read
UPDATE oc_customer SET approved = 1 WHERE customer_id = 1;
UPDATE oc_product_option SET option_value = 'nothing octail shows', required = 1 WHERE product_option_id = 422;
UPDATE oc_product_description SET tag = 'cup' WHERE product_id = 42;
-- read
-- A save gives the addresses of the pages new ids.
DELETE FROM oc_url_alias WHERE query = 'product_id=42';
INSERT INTO oc_url_alias (query, keyword) VALUES ('product_id=42', 'cup');
DELETE FROM oc_url_alias WHERE query = 'category_id=28';
INSERT INTO oc_url_alias (query, keyword) VALUES ('category_id=28', 'cups-and-mugs');
