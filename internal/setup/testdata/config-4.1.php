<?php
// APPLICATION
define('APPLICATION', 'Catalog');

// HTTP
define('HTTP_SERVER', 'http://localhost/');

// DIR
define('DIR_OPENCART', '/var/www/html/');
define('DIR_IMAGE', DIR_OPENCART . 'image/');

// DB
define('DB_DRIVER', 'mysqli');
define('DB_HOSTNAME', 'mariadb');
define('DB_USERNAME', 'shop');
define('DB_PASSWORD', 'x');
define('DB_SSL_KEY', '');
define('DB_SSL_CERT', '');
define('DB_SSL_CA', '');
define('DB_DATABASE', 'shop41');
define('DB_PREFIX', 'oc_');
define('DB_PORT', '3306');
