<?php
// HTTP
define('HTTP_SERVER', 'http://shop.example.com/admin/');
define('HTTP_CATALOG', 'http://shop.example.com/');

// HTTPS
define('HTTPS_SERVER', 'https://shop.example.com/admin/');
define('HTTPS_CATALOG', 'https://shop.example.com/');

// DIR
define('DIR_APPLICATION', '/var/www/shop/admin/');
define('DIR_SYSTEM', '/var/www/shop/system/');
define('DIR_IMAGE', '/var/www/shop/image/');

// DB
define('DB_DRIVER', 'mysqli');
define('DB_HOSTNAME', 'localhost');
define('DB_USERNAME', 'shop');
define('DB_PASSWORD', 'x');
define('DB_DATABASE', 'shop30');
define('DB_PORT', '3306');
define('DB_PREFIX', 'oc_');

// OpenCart API
define('OPENCART_SERVER', 'https://www.opencart.com/');
