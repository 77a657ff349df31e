-- OpenCart 4.0
-- 4.0.0 and 4.0.1 keep title and code apart, as 3.x does.
ALTER TABLE oc_order MODIFY payment_method varchar(128) NOT NULL, ADD COLUMN payment_code varchar(128) NOT NULL AFTER payment_method, MODIFY shipping_method varchar(128) NOT NULL, ADD COLUMN shipping_code varchar(128) NOT NULL AFTER shipping_method;
-- include product_v40.sql
