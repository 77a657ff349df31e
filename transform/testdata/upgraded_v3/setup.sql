-- OpenCart 3.0
-- include product_v3.sql
-- What 2.x leaves behind.
ALTER TABLE oc_customer ADD COLUMN approved tinyint(1) NOT NULL AFTER status;
CREATE TABLE oc_url_alias (url_alias_id int NOT NULL AUTO_INCREMENT PRIMARY KEY, query varchar(255) NOT NULL, keyword varchar(255) NOT NULL) ENGINE=MyISAM;
CREATE TABLE oc_product_tag (product_tag_id int NOT NULL AUTO_INCREMENT PRIMARY KEY, product_id int NOT NULL, language_id int NOT NULL, tag varchar(32) NOT NULL) ENGINE=MyISAM;
INSERT INTO oc_url_alias (query, keyword) VALUES ('product_id=42', 'old-cup'), ('category_id=28', 'old-mugs');
INSERT INTO oc_product_tag (product_id, language_id, tag) VALUES (42, 1, 'old');
