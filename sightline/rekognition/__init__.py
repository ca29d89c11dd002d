"""What Amazon Rekognition can see: features, their requests and answers, and the one door to the service."""
