-- OpenCart 1.5
-- include product_v1.sql
ALTER TABLE oc_product_description DROP COLUMN tag;
CREATE TABLE oc_product_tag (product_tag_id int NOT NULL AUTO_INCREMENT PRIMARY KEY, product_id int NOT NULL, language_id int NOT NULL, tag varchar(32) NOT NULL) ENGINE=MyISAM;
