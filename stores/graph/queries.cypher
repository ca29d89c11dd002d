// Named queries. Each begins with its name, a line of explanation and the parameters that it needs or may take;
// one that may be left out is null in the query.

// name: heat-map
// explains: Images of the last two hours that show a person with more than 90 % confidence, with their cameras.
match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-(camera:Camera) where label_edge.confidence > 90 and image.timestamp > ((timestamp()/1000) - 60*60*2) return camera, image

// name: confidence-histogram
// explains: How confident the detector was about each person of the last two hours, lowest confidence first.
match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-(camera:Camera) where image.timestamp > ((timestamp()/1000) - 60*60*2) return camera.camera_name, image.object_key, count(round(label_edge.confidence)), round(label_edge.confidence) order by round(label_edge.confidence) asc

// name: images-with-label
// explains: Images that show a label with at least this confidence, newest first; by camera, since a time, or of a day.
// needs: label, at_least
// may take: camera, since, day
MATCH (label:Label {label_name: $label})<-[edge:HAS_LABEL]-(image:Image)<-[:HAS_IMAGE]-(camera:Camera)
WHERE edge.confidence >= $at_least
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND ($since IS NULL OR image.timestamp >= $since)
  AND ($day IS NULL OR image.isodate STARTS WITH $day)
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at,
  edge.confidence AS confidence
ORDER BY image.timestamp DESC, image.image_id

// name: labels
// explains: Every label that was ever seen.
MATCH (label:Label)
WHERE label.label_name > ''
RETURN label.label_name AS label
ORDER BY label

// name: cameras
// explains: Every camera, with how many images it has and when it took the first and the last of them.
MATCH (camera:Camera)
WHERE camera.camera_name > ''
MATCH (camera)-[edge:HAS_IMAGE]->(:Image)
RETURN camera.camera_name AS camera, count(edge) AS images, min(edge.timestamp) AS first, max(edge.timestamp) AS last
ORDER BY camera
