-- OpenCart 4.1
-- include product_v4.sql
-- What 3.x and 4.0 leave behind.
ALTER TABLE oc_order ADD COLUMN payment_code varchar(128) NOT NULL DEFAULT '' AFTER payment_method, ADD COLUMN shipping_code varchar(128) NOT NULL DEFAULT '' AFTER shipping_method;
ALTER TABLE oc_product ADD COLUMN sku varchar(64) NOT NULL DEFAULT '' AFTER model, ADD COLUMN ean varchar(14) NOT NULL DEFAULT '' AFTER sku;
ALTER TABLE oc_customer ADD COLUMN address_id int NOT NULL DEFAULT 0, ADD COLUMN approved tinyint(1) NOT NULL DEFAULT 0;
ALTER TABLE oc_country ADD COLUMN name varchar(128) NOT NULL DEFAULT 'an old name';
ALTER TABLE oc_zone ADD COLUMN name varchar(128) NOT NULL DEFAULT 'an old name';
UPDATE oc_product SET sku = 'OLD-SKU', ean = '9999999999999';
DELETE FROM oc_product_code WHERE product_id = 42 AND code = 'EAN';
CREATE TABLE oc_product_special (product_special_id int NOT NULL AUTO_INCREMENT PRIMARY KEY, product_id int NOT NULL, customer_group_id int NOT NULL, priority int NOT NULL, price decimal(15,4) NOT NULL);
-- (What it lacks does not matter.)
INSERT INTO oc_product_special (product_id, customer_group_id, priority, price) VALUES (42, 1, 1, 1.0000);
CREATE TABLE oc_order_voucher (order_voucher_id int NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id int NOT NULL, voucher_id int NOT NULL, description varchar(255) NOT NULL, code varchar(10) NOT NULL, from_name varchar(64) NOT NULL,
  from_email varchar(96) NOT NULL, to_name varchar(64) NOT NULL, to_email varchar(96) NOT NULL, voucher_theme_id int NOT NULL, message text NOT NULL, amount decimal(15,4) NOT NULL) ENGINE=MyISAM;
